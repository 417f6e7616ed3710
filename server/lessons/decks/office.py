"""LibreOffice, from the distribution's package: is it there, how it is asked for a PDF, and what it may not do."""

from __future__ import annotations

import shutil
from pathlib import Path

PROGRAMS = ("soffice", "libreoffice")
INSTALL = "sudo apt-get install -y --no-install-recommends libreoffice-impress fonts-noto-cjk"

# LibreOffice reads these when it makes its profile: no macros, no links to other files or addresses, no first-start
# work (officecfg: org/openoffice/Office/Common.xcs, Security/Scripting).
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""  # noqa: E501


def find_office() -> str | None:
    """Return the path of LibreOffice, or None when it is not installed."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def missing_words() -> str:
    """Return what people are told when it is not installed."""
    return (
        "服务器上没有安装 LibreOffice，还不能打开 PPT 文件。可以在自己的电脑上把它另存为 PDF 再上传；"
        f"或者请管理员在服务器上运行：{INSTALL}，然后点“再试一次”。"
    )


def prepare(folder: Path) -> None:
    """Write the profile that LibreOffice will use in its working folder."""
    user = folder / "profile" / "user"
    user.mkdir(parents=True, exist_ok=True)
    (user / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")


def command(program: str, source: Path, folder: Path) -> list[str]:
    """Return the command that writes `source` as a PDF into `folder`."""
    options = ("--headless", "--nologo", "--nodefault", "--norestore", "--nolockcheck", "--nofirststartwizard")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    wanted = ("--convert-to", "pdf:impress_pdf_Export", "--outdir", str(folder))
    return [program, profile, *options, *wanted, str(source)]
