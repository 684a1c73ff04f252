"""The faces: each vendor's addresses, keys, words and shapes."""
