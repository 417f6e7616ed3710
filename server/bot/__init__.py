"""The bots: a lecturer that teaches with a file, demo classrooms, a headless watcher, and the client that they share.

They are ordinary participants that speak `docs/signaling.md` and real WebRTC (aiortc), so what they prove holds for
browsers too. The only part of `server` that may import aiortc and, beside the recorder's container, PyAV.
"""
