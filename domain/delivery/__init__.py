"""What could not be delivered: nothing is renewed in silence on it, and a person is asked what is to happen."""
