"""The laboratory: reports about models, from facts with sources and the user's own figures."""
