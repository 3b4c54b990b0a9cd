"""What is kept in SQL: the read model, the money ledger, the audit trail, and what they refer to."""
