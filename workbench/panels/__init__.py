"""STATE → SCREEN.

In: a session, and pure functions of the rooms before. Out: the dashboard: one page, any number of tabs on it.
May use: the session and everything before it, panel, panel-material-ui, holoviews; leafmap in ``maps`` only.
Never: a number computed that another room could give; a file of the user's; anything from the network unasked.
"""

from workbench.panels.app import Desk, app, desk
from workbench.panels.serving import serve

__all__ = ["Desk", "app", "desk", "serve"]
