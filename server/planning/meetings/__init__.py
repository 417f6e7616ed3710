"""Meetings: a room of the live plane beside a plan or for itself, with agenda, minutes and resolutions."""
