import Foundation

extension FileValue {
    /// A list, or one text with commas between, as it comes from a variable.
    func texts() throws(GatewayFileError) -> [(text: String, value: FileValue)] {
        if node.sequence != nil {
            var texts: [(text: String, value: FileValue)] = []
            for element in try elements() { texts.append((try element.string(), element)) }
            return texts
        }
        return try string().split(separator: ",").map { ($0.trimmingCharacters(in: .whitespaces), self) }
            .filter { !$0.0.isEmpty }
    }
}
