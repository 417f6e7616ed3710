"""The cloud research workshop 云端教研坊: groups of several schools plan, meet, teach, watch and improve."""
