"""What is public, for programs that come and look: RSS for podcast players, OAI-PMH for catalogues."""
