"""What stands in the customer's favour: refunded to the means of payment, or set off against what is billed next."""
