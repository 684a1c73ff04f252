"""Vertex AI: what its two model families want otherwise than their vendors' own APIs.

Pure: bytes of a dialect's body to the bytes that Google Cloud takes, and what could not be said.
Addresses and tokens are `upstream/kinds/vertex.py`.
"""
