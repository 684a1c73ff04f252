"""What the ledger says about money to come: what-if, forecast, reconciliation. Reads only."""
