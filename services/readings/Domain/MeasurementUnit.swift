/// A unit of measurement. Known units of one dimension convert into each other; any other is a name of its own.
struct MeasurementUnit: Sendable, Hashable {
    let symbol: String

    init(_ symbol: String) {
        self.symbol = Self.synonyms[symbol] ?? symbol
    }

    /// Without dimension and without a name.
    static let none = MeasurementUnit("")

    /// The function that turns a value in this unit into one in `target`; nil where there is none.
    func conversion(to target: MeasurementUnit) -> LinearConversion? {
        guard self != target else { return .identity }
        guard let from = Self.definitions[symbol], let to = Self.definitions[target.symbol],
            from.dimension == to.dimension
        else { return nil }
        return LinearConversion(
            factor: from.toBase.factor / to.toBase.factor,
            offset: (from.toBase.offset - to.toBase.offset) / to.toBase.factor)
    }

    /// The units whose values convert into one in this unit, itself among them.
    var related: [MeasurementUnit] {
        guard let dimension = Self.definitions[symbol]?.dimension else { return [self] }
        return Self.definitions.filter { $0.value.dimension == dimension }.keys.sorted().map(MeasurementUnit.init)
    }

    private struct Definition {
        let dimension: Dimension
        /// Into the dimension's base unit: value · factor + offset.
        let toBase: LinearConversion
    }

    private enum Dimension {
        case temperature, pressure, fraction, length, mass, voltage, current, power, energy, time, volume, flow
    }

    /// Spellings of the same unit, among them the SenML names of RFC 8428 §12.1 and UCUM's.
    private static let synonyms = [
        "Cel": "°C", "C": "°C", "degC": "°C", "celsius": "°C", "F": "°F", "degF": "°F", "fahrenheit": "°F",
        "kelvin": "K", "%RH": "%", "percent": "%", "mbar": "hPa", "/": "ratio", "l": "L", "l/min": "L/min",
    ]

    private static func unit(_ dimension: Dimension, _ factor: Double, _ offset: Double = 0) -> Definition {
        Definition(dimension: dimension, toBase: LinearConversion(factor: factor, offset: offset))
    }

    /// Factors are exact by definition of the units: NIST SP 811, appendix B.8.
    private static let definitions: [String: Definition] = [
        "K": unit(.temperature, 1), "°C": unit(.temperature, 1, 273.15),
        "°F": unit(.temperature, 5.0 / 9, 459.67 * 5 / 9),
        "Pa": unit(.pressure, 1), "hPa": unit(.pressure, 100), "kPa": unit(.pressure, 1000),
        "bar": unit(.pressure, 100_000), "psi": unit(.pressure, 4.448_221_615_260_5 / 0.000_645_16),
        "mmHg": unit(.pressure, 133.322_387_415),
        "ratio": unit(.fraction, 1), "%": unit(.fraction, 0.01), "ppm": unit(.fraction, 1e-6),
        "ppb": unit(.fraction, 1e-9),
        "m": unit(.length, 1), "cm": unit(.length, 0.01), "mm": unit(.length, 0.001), "km": unit(.length, 1000),
        "in": unit(.length, 0.0254), "ft": unit(.length, 0.3048),
        "kg": unit(.mass, 1), "g": unit(.mass, 0.001), "mg": unit(.mass, 1e-6), "lb": unit(.mass, 0.453_592_37),
        "V": unit(.voltage, 1), "mV": unit(.voltage, 0.001),
        "A": unit(.current, 1), "mA": unit(.current, 0.001),
        "W": unit(.power, 1), "mW": unit(.power, 0.001), "kW": unit(.power, 1000),
        "J": unit(.energy, 1), "Wh": unit(.energy, 3600), "kWh": unit(.energy, 3_600_000),
        "s": unit(.time, 1), "ms": unit(.time, 0.001), "min": unit(.time, 60), "h": unit(.time, 3600),
        "m3": unit(.volume, 1), "L": unit(.volume, 0.001), "mL": unit(.volume, 1e-6),
        "m3/s": unit(.flow, 1), "L/min": unit(.flow, 1.0 / 60_000), "m3/h": unit(.flow, 1.0 / 3600),
    ]
}

/// value · factor + offset.
struct LinearConversion: Sendable, Equatable {
    let factor: Double
    let offset: Double

    static let identity = LinearConversion(factor: 1, offset: 0)

    func callAsFunction(_ value: Double) -> Double {
        value * factor + offset
    }

    /// Nil for what a double does not hold.
    func finite(_ value: Double?) -> Double? {
        value.flatMap { self($0).finite }
    }
}
