"""SQLite files as the rooms above use them: opened for their owner alone, SQL in files of its own,
tables brought to their newest form. Several rooms' tables may lie in one file.
"""
