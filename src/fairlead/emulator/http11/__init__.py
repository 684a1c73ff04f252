"""HTTP/1.1 by hand: the parser is httptools', the socket is ours, so that faults can be real."""
