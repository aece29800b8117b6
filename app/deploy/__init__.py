"""Where the lab goes: a Space's folder, a container, the package in the wheel. The running lab needs none of it."""
