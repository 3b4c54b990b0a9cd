"""Taking over contracts that have lived elsewhere: what is done stays done, what is to come happens here."""
