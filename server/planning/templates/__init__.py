"""Templates of lesson plans, shared by a group, a school or the region."""
