"""From raster layers of any provider to a file the engine can open."""

from __future__ import annotations

import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import SAMPLE
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsRasterLayer,
    QgsRectangle,
)

from fusar_qgis.raster_source import LayerRaster, doubt, file_of

gdal.UseExceptions()
UTM = QgsCoordinateReferenceSystem("EPSG:32629")
PART = QgsRectangle(702_000, 4_100_000, 703_000, 4_102_000)


def source(layer: QgsRasterLayer) -> LayerRaster:
    assert layer.isValid(), layer.error().summary()
    return LayerRaster(layer, QgsCoordinateTransformContext())


@pytest.mark.parametrize("name", ["Größe 海.tif", "100%.tif", "a&b=c.tif", "plus+ and 'quote'.tif"])
def test_files_are_read_where_they_lie(qgis_app: object, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    gdal.Translate(str(path), str(SAMPLE))
    found = source(QgsRasterLayer(str(path), "s"))
    assert found.path(None, None, QgsProcessingFeedback()) == path


def test_what_is_no_plain_file_is_copied(qgis_app: object, tmp_path: Path, zipped: QgsRasterLayer) -> None:
    package = tmp_path / "r.gpkg"
    gdal.Translate(str(package), str(SAMPLE), format="GPKG", outputType=gdal.GDT_Byte, scaleParams=[[0, 2000, 0, 255]])
    layer = QgsRasterLayer(f"GPKG:{package}:r", "r")
    assert layer.isValid()
    assert file_of(layer) is None
    assert file_of(zipped) is None
    path = source(zipped).path(PART, UTM, QgsProcessingFeedback())
    copy, original = gdal.Open(str(path)), gdal.Open(str(SAMPLE))
    x, step, _, y, _, _ = copy.GetGeoTransform()
    assert (x, y, step) == (702_000, 4_102_000, 10)
    assert (copy.RasterXSize, copy.RasterYSize) == (100, 200)
    # Pixel for pixel: nothing was stretched or resampled; QGIS applies the scale of the band.
    col, row = round((702_000 - 699_410) / 10), round((4_109_250 - 4_102_000) / 10)
    assert abs(copy.ReadAsArray() - original.ReadAsArray(col, row, 100, 200) / 600).max() < 1e-6


@pytest.fixture
def zipped(tmp_path: Path) -> QgsRasterLayer:
    """The sample inside a zip: a raster that has no path of its own."""
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(SAMPLE, "h.tif")
    return QgsRasterLayer(f"/vsizip/{path}/h.tif", "zipped")


def test_an_extent_in_another_crs_and_one_elsewhere(qgis_app: object, zipped: QgsRasterLayer) -> None:
    degrees, feedback = QgsCoordinateReferenceSystem("EPSG:4326"), QgsProcessingFeedback()
    found = source(zipped)
    copied = gdal.Open(str(found.path(QgsRectangle(-6.72, 37.02, -6.70, 37.05), degrees, feedback)))
    assert 150 < copied.RasterXSize < 200
    with pytest.raises(QgsProcessingException, match="does not meet"):
        found.path(QgsRectangle(0, 0, 1, 1), degrees, feedback)


def test_it_works_in_another_thread(qgis_app: object, zipped: QgsRasterLayer) -> None:
    found, paths = source(zipped), []
    thread = threading.Thread(target=lambda: paths.append(found.path(PART, UTM, QgsProcessingFeedback())))
    thread.start()
    thread.join(60)
    assert gdal.Open(str(paths[0])).RasterXSize == 100


CAPABILITIES = """<?xml version="1.0"?>
<WMS_Capabilities version="1.3.0" xmlns="http://www.opengis.net/wms" xmlns:xlink="http://www.w3.org/1999/xlink">
<Service><Name>WMS</Name><Title>t</Title><OnlineResource xlink:href="{url}"/></Service>
<Capability><Request>
<GetCapabilities><Format>text/xml</Format><DCPType><HTTP><Get><OnlineResource xlink:href="{url}"/></Get></HTTP></DCPType></GetCapabilities>
<GetMap><Format>image/png</Format><DCPType><HTTP><Get><OnlineResource xlink:href="{url}"/></Get></HTTP></DCPType></GetMap>
</Request><Exception><Format>XML</Format></Exception>
<Layer><Title>root</Title><CRS>EPSG:32629</CRS>
<EX_GeographicBoundingBox><westBoundLongitude>-7</westBoundLongitude><eastBoundLongitude>-6</eastBoundLongitude>
<southBoundLatitude>36</southBoundLatitude><northBoundLatitude>38</northBoundLatitude></EX_GeographicBoundingBox>
<BoundingBox CRS="EPSG:32629" minx="699410" miny="4097250" maxx="711410" maxy="4109250"/>
<Layer queryable="0"><Name>sar</Name><Title>sar</Title></Layer></Layer></Capability></WMS_Capabilities>"""  # noqa: E501


class Wms:
    """A map service over the sample; `failing` makes it answer pictures with errors."""

    def __init__(self) -> None:
        owner = self
        self.failing = False
        self.asked: list[dict] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {k.upper(): v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
                if query.get("REQUEST") == "GetCapabilities":
                    self.answer(200, "text/xml", CAPABILITIES.format(url=owner.url).encode())
                elif owner.failing:
                    self.answer(503, "text/plain", b"busy")
                else:
                    owner.asked.append(query)
                    self.answer(200, "image/png", owner.picture(query))

            def answer(self, status: int, kind: str, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/?"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def picture(self, query: dict) -> bytes:
        left, bottom, right, top = (float(v) for v in query["BBOX"].split(","))
        gdal.Translate(
            "/vsimem/p.png", str(SAMPLE), format="PNG", outputType=gdal.GDT_Byte, scaleParams=[[0, 1200, 1, 255]],
            projWin=[left, top, right, bottom], width=int(query["WIDTH"]), height=int(query["HEIGHT"]),
        )  # fmt: skip
        file = gdal.VSIFOpenL("/vsimem/p.png", "rb")
        content = gdal.VSIFReadL(1, 50_000_000, file)
        gdal.VSIFCloseL(file)
        return bytes(content)


@pytest.fixture
def wms() -> Wms:
    made = Wms()
    yield made
    made.server.shutdown()
    made.server.server_close()


def wms_layer(wms: Wms) -> QgsRasterLayer:
    uri = f"crs=EPSG:32629&format=image/png&layers=sar&styles=&url={wms.url}"
    return QgsRasterLayer(uri, "service", "wms")


def test_a_map_service_is_copied_whole_and_never_black(qgis_app: object, wms: Wms) -> None:
    path = source(wms_layer(wms)).path(PART, UTM, QgsProcessingFeedback())
    copied = gdal.Open(str(path))
    pixels = copied.GetRasterBand(1).ReadAsArray()
    assert max(copied.RasterXSize, copied.RasterYSize) == 2048
    assert wms.asked
    assert (pixels > 0).mean() > 0.99
    assert pixels.std() > 5


def test_a_service_that_fails_gives_an_error_not_a_black_picture(qgis_app: object, wms: Wms) -> None:
    layer = wms_layer(wms)
    found = source(layer)
    wms.failing = True
    with pytest.raises(QgsProcessingException, match="empty picture"):
        found.path(PART, UTM, QgsProcessingFeedback())


def test_photographs_are_doubted_radar_is_not(qgis_app: object, tmp_path: Path, wms: Wms) -> None:
    photo = tmp_path / "photo.tif"
    gdal.GetDriverByName("GTiff").Create(str(photo), 20, 20, 3, gdal.GDT_Byte).FlushCache()
    polarimetric = tmp_path / "pol.tif"
    gdal.Translate(str(polarimetric), str(SAMPLE), bandList=[1, 1, 1])
    assert "3 8-bit bands" in doubt(QgsRasterLayer(str(photo), "photo"))
    assert doubt(QgsRasterLayer(str(polarimetric), "pol")) == ""
    assert doubt(QgsRasterLayer(str(SAMPLE), "radar")) == ""
    assert "map service" in doubt(wms_layer(wms))
