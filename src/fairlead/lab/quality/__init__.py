"""How good each model's answers are, by task: from outcomes, the laboratory, published figures.

Pure but for `sources`, which reads ledger, results and catalogue.
"""
