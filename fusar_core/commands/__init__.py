"""The subcommands of `fusar`, one file each, thin over the library."""
