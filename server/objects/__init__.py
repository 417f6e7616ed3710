"""Where finished files are kept besides the data folder: another folder, or an S3-compatible store."""
