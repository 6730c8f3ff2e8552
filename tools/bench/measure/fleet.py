"""An organization with more devices than a plan allows, for as long as a `with` statement lasts."""


class Fleet:
    def __init__(self, installation, name, count):
        self.installation = installation
        self.name = name
        self.count = count

    def __enter__(self):
        self.owner = self.installation.register_owner(self.name)
        self.devices = self.installation.put_devices(self.owner.organization, 0, self.count)
        return self

    def __exit__(self, *_):
        # Those that were heard from would be found silent by and by, and load what is measured next.
        of_fleet = f"WHERE organization_id = '{self.owner.organization}'"
        self.installation.psql(
            "--command", f"DELETE FROM devices.devices {of_fleet}",
            "--command", f"DELETE FROM core.entities {of_fleet} AND entity_type LIKE 'device.%'")
