/// Keeps spreadsheets from taking texts for formulas (OWASP, "CSV Injection"), such that a file can be read back.
public enum FormulaGuard {
    /// With an apostrophe before it, where a spreadsheet would calculate the text, or where it looks guarded already.
    public static func guarded(_ text: String) -> String {
        isFormula(text) ? "'" + text : text
    }

    /// What was guarded.
    public static func unguarded(_ text: String) -> String {
        text.unicodeScalars.first == "'" && isFormula(text) ? String(text.unicodeScalars.dropFirst()) : text
    }

    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first(where: { $0 != "'" }) else { return false }
        return "=+-@\t\r".unicodeScalars.contains(first)
    }
}
