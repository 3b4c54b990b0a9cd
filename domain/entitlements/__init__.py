"""What a contract's level gives its customer: so often a year, in these countries, due every so many months."""
