"""What the emulated models say: decided from the request alone, the same for every vendor."""
