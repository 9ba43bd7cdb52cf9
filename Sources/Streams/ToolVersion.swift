// The one place that says which release this is.

/// The version that every tool prints for `--version`.
package let toolVersion = "0.2.0"
