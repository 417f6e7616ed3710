"""Research groups across schools: their people, their rules of cooperation, their life."""
