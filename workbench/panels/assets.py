"""The map's front end from the installed packages, so that nothing is asked of the network.

``ipywidgets_bokeh`` fetches a widget's JavaScript from a CDN and font-awesome with it. Here the JavaScript that came in
the ``jupyter-leaflet`` wheel is served beside Panel's own files, at the path the widget asks for, and the font is left
out. Tried with panel 1.9, bokeh 3.9 and ipywidgets_bokeh 1.8, whose internals this leans on; the browser tests fail on
any request that leaves the machine.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import ipyleaflet
import panel as pn
from bokeh.embed.bundle import extension_dirs
from bokeh.model import Model
from pyviz_comms import JupyterComm

FOLDER = "workbench_widgets"


def is_served() -> bool:
    """Whether the page being built belongs to a Panel server, not to a notebook cell."""
    return pn.state.curdoc is not None


def install_widget_assets() -> None:
    """Serve the map's JavaScript at ``static/extensions/workbench_widgets``.

    Done once a process, and before a server starts, so that every process of it finds the files.

    Raises
    ------
    FileNotFoundError
        If the wheel of ``jupyter-leaflet`` left no files.
    """
    if FOLDER in extension_dirs:
        return
    traits = ipyleaflet.Map.class_traits()
    package, version = traits["_model_module"].default_value, traits["_model_module_version"].default_value
    roots = [Path(root) / "share/jupyter/nbextensions" / package for root in (sys.prefix, "/usr/local", "/usr")]
    source = next((root for root in roots if (root / "index.js").exists()), None)
    if source is None:
        raise FileNotFoundError(f"the map needs {package}'s files under {roots[0]}; try: pip install jupyter-leaflet")
    root = Path(tempfile.mkdtemp(prefix="workbench-widgets-"))
    target = root / f"{package}@{version}" / "dist"
    shutil.copytree(source, target)
    shutil.copyfile(source / "index.js", target / "index")  # asked for without its suffix
    extension_dirs[FOLDER] = root  # bokeh's static handler reads this dictionary at every request


def load_extensions(*names: str) -> None:
    """Call ``pn.extension`` the way that works where we are: notebook cell or served page."""
    if not is_served():
        pn.extension(*names, inline=True)  # never "ipywidgets" here: it replaces the kernel's comm
        return
    pn.extension(*names, "ipywidgets")
    pn.config.css_files = [file for file in pn.config.css_files if "font-awesome" not in str(file)]


class LeafletPane(pn.pane.IPyLeaflet):
    """Panel's pane for the map, with local files."""

    def _get_ipywidget(self, obj: object, doc: object, root: object, comm: object, **kwargs: object) -> Model:
        served = not isinstance(comm, JupyterComm)
        if served:
            install_widget_assets()
            import panel.io.ipywidget  # noqa: F401, only ever in a server: it replaces comm.create_comm
            from ipywidgets_bokeh.widget import IPyWidget

            IPyWidget.__css__ = []  # else font-awesome from a CDN
        model = super()._get_ipywidget(obj, doc, root, comm, **kwargs)
        if served:
            model.cdn = f"{pn.state.rel_path or '.'}/static/extensions/{FOLDER}"
        return model
