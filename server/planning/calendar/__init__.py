"""The calendar of research groups: what is planned, who comes, and the addresses that phones subscribe to."""
