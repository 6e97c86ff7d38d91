"""What telcos tell us afterwards: receipts."""
