"""A token's daily prices to the news of the model."""
