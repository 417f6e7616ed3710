"""学分银行: credits for work in the workshop, earned from what verifiably happened, kept by double entry."""
