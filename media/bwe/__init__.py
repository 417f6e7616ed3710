"""What a sending transport knows of its link: `controller.py` owns it, the others measure and decide one thing each."""
