"""The Processing provider `fusar`: what the toolbox, batch, the Model Designer and `qgis_process` offer."""
