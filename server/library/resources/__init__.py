"""Resources: what is told of a recording or of other material, its review, its versions and its consents."""
