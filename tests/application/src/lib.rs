//! An application that installs a pipeline and calls an annotated library: see its tests.
