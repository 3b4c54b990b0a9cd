"""Onboarding between the order and the start of service: within so many days, with a warning before they are over."""
