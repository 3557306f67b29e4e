"""Reports: pages of HTML that stand alone, for what the commands compute."""
