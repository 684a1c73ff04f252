"""From a use case to a recommendation: the article's questions, what is known, and a policy."""
