//! Events in the shape of a well-known set of city lots: made up, and the same every time.

use std::fmt::Write;

/// Streets with how many of 213,068 lots lie in them.
const STREETS: &str = "FULTON 1910,MASON 2657,HYDE 1758,CHESTNUT 825,JEFFERSON 131,BEACH 211,FUNSTON 477,ACTON 12,ACEVEDO 12,BLAKE 120,BLANCHE 80,BLUXOME 242,DRUMM 13,DRAKE 25,RHODE ISLAND 328,JACKSON 2400,WASHINGTON 2900,CARLTON 900,MISSION 6100,HARRISON 2300,MADISON 410,ADDISON 300,LAKE 760,SAN BENITO 300,VALLEJO 1900,HALLECK DING 163,STERLING 1800,INDIGO 382,SANTIAGO 300,GREENWICH 2200,TURK 2500,CABRILLO 2900,JUDAH 2100,GEARY 5200,CALIFORNIA 4800,SACRAMENTO 3400,PINE 3100,BUSH 3300,SUTTER 2900,POST 2200,OFARRELL 1500,ELLIS 1700,HAYES 2300,FELL 2100,OAK 2200,PAGE 2000,HAIGHT 1900,WALLER 1600,FREDERICK 900,CARL 700,18TH 2600,19TH 2600,20TH 2300,21ST 2500,22ND 2400,23RD 2300,24TH 2800,25TH 2200,26TH 2300,27TH 2000,NORIEGA 2300,ORTEGA 2100,PACHECO 2000,QUINTARA 2000,RIVERA 1900,TARAVAL 2200,ULLOA 2000,VICENTE 1900,WAWONA 1500,MORAGA 2200,LAWTON 2200,KIRKHAM 2100,IRVING 2600,LINCOLN 1800,VAN NESS 4200,POLK 2100,LARKIN 2600,JONES 2500,TAYLOR 2100,POWELL 1900,STOCKTON 1800,GRANT 1700,KEARNY 1200,MONTGOMERY 2000,SANSOME 1100,BATTERY 900,FRONT 500,DAVIS 500";
const OTHERS: &str = "ALPINE,ANZA,BALBOA,CASTRO,DIAMOND,EUREKA,FILBERT,GUERRERO,HOFFMAN,IVY,KANSAS,LISBON,MOSCOW,NAPLES,PERU,RUSSIA,SILVER,THRIFT,UTAH,VIENNA,WOOL,YORK,ZENO,EDINBURGH,FAIR OAKS,GATES";
const ALL: f64 = 213_068.0;

/// The first `count` events.
pub fn lots(count: usize) -> Vec<String> {
    let streets: Vec<(&str, f64)> = STREETS
        .split(',')
        .map(|street| street.rsplit_once(' ').unwrap())
        .map(|(name, share)| (name, share.parse().unwrap()))
        .collect();
    let others: Vec<&str> = OTHERS.split(',').collect();
    let mut chance = Chance::new(1);
    (0..count).map(|number| lot(number, &mut chance, &streets, &others)).collect()
}

fn lot(number: usize, chance: &mut Chance, streets: &[(&str, f64)], others: &[&str]) -> String {
    let (block, lot) = (chance.below(8600) + 1, chance.below(120) + 1);
    let rare = chance.next();
    let id = match number {
        _ if rare < 0.000_474 => "2607117".to_owned(),
        _ if rare < 0.000_638 => "2607218".to_owned(),
        _ if rare < 0.003_712 => "3745012".to_owned(),
        777 => "VACSTWIL".to_owned(),
        1777 => "1430022".to_owned(),
        _ => format!("{block:04}{lot:03}"),
    };
    let mut from = chance.below(3000) + 1;
    if chance.next() < 0.0113 {
        from = 441;
    }
    let kind = chance.next();
    let kinds = [(0.546, "ST"), (0.90, "AVE"), (0.94, "BLVD"), (0.97, "DR"), (0.99, "WAY")];
    let kind = kinds.iter().find(|(up_to, _)| kind < *up_to).map_or("", |(_, name)| name);
    let shape = if chance.next() < 0.000_563 { "MultiPolygon" } else { "Polygon" };
    let mut x = -122.51 + 0.1353 * chance.next().powf(0.8);
    let y = 37.708 + 0.103 * chance.next();
    if number % 97 == 5 {
        x = -122.429_163_609_223_55;
    }
    let points = (5 + (-4.2 * (1.0 - chance.next()).ln()) as usize).min(120);
    let points: Vec<String> = (0..points)
        .map(|point| {
            let x = if point == 0 { x } else { x + 0.0004 * (chance.next() - 0.5) };
            let y = y + 0.0004 * (chance.next() - 0.5);
            format!("{{\"x\":{x},\"y\":{y:.14},\"z\":0.0}}")
        })
        .collect();
    let street = street(chance, streets, others);
    let side = if from.is_multiple_of(2) { "E" } else { "O" };
    let (block, lot) = (id.get(..4).unwrap(), id.get(4..).unwrap());
    let mut out = String::new();
    write!(out, "{{\"type\":\"Feature\",\"properties\":{{\"MAPBLKLOT\":\"{id}\",\"BLKLOT\":\"{id}\",\"BLOCK_NUM\":\"{block}\",\"LOT_NUM\":\"{lot}\",").unwrap();
    write!(out, "\"FROM_ST\":\"{from}\",\"TO_ST\":\"{from}\",\"STREET\":\"{street}\",\"ST_TYPE\":\"{kind}\",\"ODD_EVEN\":\"{side}\"}},").unwrap();
    write!(
        out,
        "\"geometry\":{{\"type\":\"{shape}\",\"firstCoordinates\":{},\"coordinates\":[{}]}}}}",
        points[0],
        points.join(",")
    )
    .unwrap();
    out
}

fn street<'a>(chance: &mut Chance, streets: &[(&'a str, f64)], others: &[&'a str]) -> &'a str {
    let at = chance.next() * ALL;
    let mut sum = 0.0;
    for (name, share) in streets {
        sum += share;
        if at < sum {
            return name;
        }
    }
    others[chance.below(others.len())]
}

/// The Mersenne twister with 53 bits of each two numbers, as the generator of the recorded
/// events uses it.
struct Chance {
    state: [u32; 624],
    at: usize,
}

impl Chance {
    fn new(seed: u32) -> Self {
        let mut state = [0_u32; 624];
        state[0] = 19_650_218;
        for i in 1..624 {
            let before = state[i - 1];
            state[i] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        let mut i = 1;
        for _ in 0..624 {
            let before = state[i - 1];
            state[i] = (state[i] ^ (before ^ (before >> 30)).wrapping_mul(1_664_525)).wrapping_add(seed);
            i += 1;
            if i == 624 {
                state[0] = state[623];
                i = 1;
            }
        }
        for _ in 0..623 {
            let before = state[i - 1];
            state[i] = (state[i] ^ (before ^ (before >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i == 624 {
                state[0] = state[623];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        Self { state, at: 624 }
    }

    fn next(&mut self) -> f64 {
        let (high, low) = (self.word() >> 5, self.word() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() * limit as f64) as usize
    }

    fn word(&mut self) -> u32 {
        if self.at == 624 {
            for i in 0..624 {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % 624] & 0x7fff_ffff);
                let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + 397) % 624] ^ (y >> 1) ^ odd;
            }
            self.at = 0;
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }
}
