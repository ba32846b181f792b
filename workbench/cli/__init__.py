"""The verbs, headless: ``workbench VERB …``.

==========  ====================================================================================
In          words on the command line
Out         files, a line of progress on standard error, an exit code: 0, or 2 and one sentence
May use     every room, imported inside the verb that needs it, so that ``--help`` is quick
Never       computes or draws: it asks a room, shows how far it is, and writes down how to repeat it
==========  ====================================================================================

One module a group of verbs: ``scene`` (info, convert), ``pretraining`` (pretrain), ``mapping`` (embed, classify),
``comparing`` (compare), ``reporting`` (report), ``studying`` (study), ``transferring`` (transfer), ``serving`` (demo,
serve), ``listing`` (models, objectives, encoders, formats), ``scenes``. ``arguments`` says what words mean, ``outputs``
how results leave, ``refusals`` how trouble is told, ``jupyter`` how JupyterLab finds the dashboard.
"""

from workbench.cli.program import main

__all__ = ["main"]
