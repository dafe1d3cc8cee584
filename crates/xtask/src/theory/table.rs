/// A Markdown table: names to the left, numbers to the right.
pub(super) fn table(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|---|{}\n", "--:|".repeat(header.len() - 1));
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    [line(header), rule, rows].concat()
}

/// A table's header.
pub(super) fn header(cells: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    cells.into_iter().map(|cell| cell.to_string()).collect()
}
