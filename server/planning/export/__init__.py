"""Plans, reviews, minutes and cases as papers: Word, PDF, Markdown, web page. Pure but for the machine's fonts."""
