import Postgres

/// What an export has of a reading, made of a series `AS s` and of its row `AS r`.
extension ExportFormat {
    /// RFC 3339 in UTC with microseconds, as the API writes times.
    static let time: SQL = #"to_char(r.time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#

    /// What all rows of a series begin with, where it is formed once for them.
    var label: SQL {
        switch self {
        case .csv: "NULL::text"
        case .ndjson, .json:
            """
            concat('{"device_id":"', s.device_id, '","sensor_type":', to_json(s.sensor_type),
                ',"unit":', to_json(s.unit), ',"value":')
            """
        }
    }

    /// The columns of a row; of JSON a single one, the object, in an array with the comma before it.
    var columns: SQL {
        switch self {
        case .csv:
            """
            s.device_id, \(Self.guarded("s.sensor_type")) AS sensor_type, \(Self.cell) AS value,
            \(Self.guarded("s.unit")) AS unit, r.time AS timestamp, r.quality,
            r.attributes ->> 'battery_level' AS battery_level, r.attributes -> 'location' AS location,
            r.attributes -> 'metadata' AS metadata
            """
        case .ndjson: Self.object
        case .json: "',' || \(Self.object)"
        }
    }

    /// CSV with bytes that JSON never has for its quotes and commas leaves the objects as they are; COPY's other format
    /// would escape their backslashes.
    var options: SQL {
        switch self {
        case .csv: "FORMAT csv, HEADER"
        case .ndjson, .json: #"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"#
        }
    }

    /// The attributes are an object whose fields are the reading's own. Doubles are written so that they are read back as
    /// the same ones.
    private static let object: SQL = """
        s.label || \(value) || ',"timestamp":"' || r.time || '","quality":"' || r.quality || '"'
            || CASE WHEN r.attributes IS NULL OR r.attributes = '{}' THEN '}'
                ELSE ',' || substr(r.attributes::text, 2) END
        """

    private static let value: SQL = """
        CASE s.kind
            WHEN \(ValueKind.text.rawValue) THEN to_json(coalesce(r.text_value, ''))::text
            WHEN \(ValueKind.boolean.rawValue) THEN CASE r.value WHEN 0 THEN 'false' ELSE 'true' END
            ELSE coalesce(to_json(r.value)::text, 'null') END
        """

    /// A value as ``CSVReadingsParser`` reads it: a text that a spreadsheet, or the parser, would take for something else has
    /// an apostrophe before it.
    private static let cell: SQL = """
        CASE s.kind
            WHEN \(ValueKind.text.rawValue) THEN
                CASE WHEN coalesce(r.text_value, '') ~* '^$|^[-+=@''\\t\\r.0-9]|^(true|false|nan|inf)' THEN '''' ELSE '' END
                    || coalesce(r.text_value, '')
            WHEN \(ValueKind.boolean.rawValue) THEN CASE r.value WHEN 0 THEN 'false' ELSE 'true' END
            ELSE r.value::text END
        """

    /// A text as `FormulaGuard` guards it.
    private static func guarded(_ text: SQL) -> SQL {
        #"CASE WHEN \#(text) ~ '^''*[-+=@\t\r]' THEN '''' || \#(text) ELSE \#(text) END"#
    }
}
