"""What OpenAI's two dialects, chat and Responses, share."""
