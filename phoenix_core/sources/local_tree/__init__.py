"""Folders of the archive's files as people keep them: any layout, zipped, gzipped or plain, days or months."""
