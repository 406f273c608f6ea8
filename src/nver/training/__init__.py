"""Training heads on embeddings: one loop, folds, and plans of many experiments."""
