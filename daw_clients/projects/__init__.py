"""Project files of DAWs: read into tempo, meter and lanes, and written back."""
