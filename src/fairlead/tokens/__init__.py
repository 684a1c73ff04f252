"""Token estimates without the vendor, per model family. Pure."""
