"""`fairlead demo`: the main job on real input that any machine has."""
