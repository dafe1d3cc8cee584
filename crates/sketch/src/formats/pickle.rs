//! Arrays in a pickle, as NumPy writes an array of arrays. Nothing in it is ever called.
//!
//! A pickle is a program for a small stack machine
//! (<https://github.com/python/cpython/blob/main/Lib/pickletools.py>). This one knows what NumPy's programs are made of,
//! from Python 2 and 3, and stops at anything else.

use std::ops::Range;

/// The most arrays in one.
const MAX_ARRAYS: usize = 10_000_000;
/// The most values that a tuple may have to be remembered, and on the stack.
const MAX_TUPLE: usize = 16;
const MAX_STACK: usize = 1 << 16;
/// The most values that are remembered.
const MAX_MEMO: usize = 8_000_000;

/// A matrix of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PickledArray {
    pub shape: Vec<u64>,
    /// As NumPy calls it, without its byte order, which is that of small machines: `i2`.
    pub number: String,
    /// Range of its numbers in the pickle.
    pub place: Range<usize>,
}

#[derive(Clone, Debug)]
enum PickleValue {
    Mark,
    /// Something that means nothing here: none, a truth value, an object whose state is not known yet.
    Other,
    Int(i64),
    Text(String),
    Bytes(Range<usize>),
    /// Qualified name of an object of a module.
    Global(String),
    Number(String),
    Tuple(Vec<PickleValue>),
    List(Vec<PickledArray>),
    Empty,
    Array(PickledArray),
}

/// The arrays that an array of arrays holds.
///
/// # Errors
/// A description of what NumPy does not write.
pub(super) fn arrays(bytes: &[u8]) -> Result<Vec<PickledArray>, String> {
    let mut machine = PickleMachine { bytes, at: 0, stack: Vec::new(), memo: Vec::new() };
    while machine.step()? {
        if machine.stack.len() > MAX_STACK {
            return Err("it is nested too deep".to_owned());
        }
    }
    match machine.stack.pop() {
        Some(PickleValue::List(arrays)) => Ok(arrays),
        Some(PickleValue::Array(array)) => Ok(vec![array]),
        _ => Err("it holds no arrays".to_owned()),
    }
}

struct PickleMachine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<PickleValue>,
    memo: Vec<Option<PickleValue>>,
}

impl PickleMachine<'_> {
    /// One instruction; false at the end.
    fn step(&mut self) -> Result<bool, String> {
        let code = self.take(1)?[0];
        match code {
            b'.' => return Ok(false),
            0x80 => _ = self.take(1)?,
            0x95 => _ = self.take(8)?,
            b'(' => self.stack.push(PickleValue::Mark),
            b')' => self.stack.push(PickleValue::Tuple(Vec::new())),
            b']' => self.stack.push(PickleValue::List(Vec::new())),
            b'N' | 0x88 | 0x89 => self.stack.push(PickleValue::Other),
            b'0' => _ = self.pop()?,
            b'K' => self.int(1)?,
            b'M' => self.int(2)?,
            b'J' => self.int(4)?,
            0x8a => {
                let size = usize::from(self.take(1)?[0]);
                self.int(size)?;
            }
            b'U' | b'C' => self.raw(1, code == b'C')?,
            b'T' | b'B' => self.raw(4, true)?,
            0x8e => self.raw(8, true)?,
            0x8c => self.text(1)?,
            b'X' => self.text(4)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.stack.push(PickleValue::Global(format!("{module}.{name}")));
            }
            0x93 => self.global_of_stack(code)?,
            b't' | b'l' => {
                let values = self.above_mark()?;
                self.stack.push(if code == b't' { PickleValue::Tuple(values) } else { listed(values)? });
            }
            0x85..=0x87 => {
                let from = self.stack.len().checked_sub(usize::from(code - 0x84)).ok_or_else(cut)?;
                let values = self.stack.split_off(from);
                self.stack.push(PickleValue::Tuple(values));
            }
            b'a' => {
                let value = self.pop()?;
                self.append(vec![value])?;
            }
            b'e' => {
                let values = self.above_mark()?;
                self.append(values)?;
            }
            b'q' | b'r' => {
                let index = if code == b'q' { usize::from(self.take(1)?[0]) } else { self.size(4)? };
                self.remember(index)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'h' | b'j' => {
                let index = if code == b'h' { usize::from(self.take(1)?[0]) } else { self.size(4)? };
                let value = self.memo.get(index).cloned().flatten();
                self.stack.push(value.ok_or("it refers to what it does not hold")?);
            }
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            _ => return Err(strange(code)),
        }
        Ok(true)
    }

    fn global_of_stack(&mut self, code: u8) -> Result<(), String> {
        let (name, module) = (self.pop()?, self.pop()?);
        let (PickleValue::Text(module), PickleValue::Text(name)) = (module, name) else {
            return Err(strange(code));
        };
        self.stack.push(PickleValue::Global(format!("{module}.{name}")));
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len()).ok_or_else(cut)?;
        let start = std::mem::replace(&mut self.at, end);
        Ok(&self.bytes[start..end])
    }

    fn size(&mut self, bytes: usize) -> Result<usize, String> {
        let size = self.take(bytes)?.iter().rev().fold(0u64, |size, byte| size << 8 | u64::from(*byte));
        usize::try_from(size).map_err(|_| cut())
    }

    fn int(&mut self, bytes: usize) -> Result<(), String> {
        let bytes = self.take(bytes)?;
        // Only sizes matter, which are not negative and not long.
        let value = bytes.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        let value = if bytes.len() > 8 { PickleValue::Other } else { PickleValue::Int(value as i64) };
        self.stack.push(value);
        Ok(())
    }

    fn raw(&mut self, size: usize, bytes: bool) -> Result<(), String> {
        let size = self.size(size)?;
        let start = self.at;
        let text = self.take(size)?;
        // Python 2 had no other text, and no other bytes.
        let text = (!bytes).then(|| std::str::from_utf8(text).map(str::to_owned).ok()).flatten();
        self.stack.push(
            text.filter(|text| text.len() < 8)
                .map_or(PickleValue::Bytes(start..start + size), PickleValue::Text),
        );
        Ok(())
    }

    fn text(&mut self, size: usize) -> Result<(), String> {
        let size = self.size(size)?;
        let text = std::str::from_utf8(self.take(size)?).map_err(|_| cut())?.to_owned();
        self.stack.push(PickleValue::Text(text));
        Ok(())
    }

    fn line(&mut self) -> Result<String, String> {
        let end = self.bytes[self.at..].iter().take(256).position(|byte| *byte == b'\n').ok_or_else(cut)?;
        let line = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Ok(line)
    }

    fn pop(&mut self) -> Result<PickleValue, String> {
        self.stack.pop().ok_or_else(cut)
    }

    fn above_mark(&mut self) -> Result<Vec<PickleValue>, String> {
        let mark = self.stack.iter().rposition(|value| matches!(value, PickleValue::Mark)).ok_or_else(cut)?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    /// Memoizes small values; NumPy never refers to lists and arrays again.
    fn remember(&mut self, index: usize) -> Result<(), String> {
        let value = match self.stack.last().ok_or_else(cut)? {
            PickleValue::Tuple(values)
                if values.len() > MAX_TUPLE || values.iter().any(|v| matches!(v, PickleValue::Tuple(_))) =>
            {
                None
            }
            PickleValue::List(_) | PickleValue::Array(_) | PickleValue::Mark => None,
            value => Some(value.clone()),
        };
        // They are numbered in order.
        if index > self.memo.len() + 1 || index > MAX_MEMO {
            return Err("it remembers more than NumPy does".to_owned());
        }
        if index >= self.memo.len() {
            self.memo.resize(index + 1, None);
        }
        self.memo[index] = value;
        Ok(())
    }

    fn append(&mut self, values: Vec<PickleValue>) -> Result<(), String> {
        let PickleValue::List(more) = listed(values)? else { return Err(cut()) };
        let Some(PickleValue::List(list)) = self.stack.last_mut() else { return Err(cut()) };
        list.extend(more);
        if list.len() > MAX_ARRAYS {
            return Err(format!("it holds more than {MAX_ARRAYS} arrays"));
        }
        Ok(())
    }

    /// A call, of which only the kind of the result is kept.
    fn reduce(&mut self) -> Result<(), String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (PickleValue::Global(name), PickleValue::Tuple(arguments)) = (function, arguments) else {
            return Err(cut());
        };
        let result = match (name.rsplit('.').next(), &arguments[..]) {
            (Some("_reconstruct"), _) => PickleValue::Empty,
            (Some("dtype"), [PickleValue::Text(number), ..]) => PickleValue::Number(number.clone()),
            _ => return Err(format!("it calls '{name}', which NumPy does not")),
        };
        self.stack.push(result);
        Ok(())
    }

    /// The state of an array: version, shape, kind of number, order, and what it holds.
    fn build(&mut self) -> Result<(), String> {
        let (state, object) = (self.pop()?, self.pop()?);
        let PickleValue::Tuple(state) = state else { return Err(cut()) };
        let built = match (object, &state[..]) {
            (PickleValue::Number(_), [_, PickleValue::Text(order), ..]) if order == ">" => {
                return Err("its numbers are of the other byte order".to_owned());
            }
            (PickleValue::Number(number), _) => PickleValue::Number(number),
            (PickleValue::Empty, [_, _, _, _, PickleValue::List(arrays)]) => {
                PickleValue::List(arrays.clone())
            }
            (
                PickleValue::Empty,
                [_, PickleValue::Tuple(shape), PickleValue::Number(number), _, PickleValue::Bytes(place)],
            ) => {
                let extents = shape.iter().map(|extent| match extent {
                    PickleValue::Int(extent) => u64::try_from(*extent).ok(),
                    _ => None,
                });
                let shape = extents.collect::<Option<Vec<u64>>>().ok_or_else(cut)?;
                PickleValue::Array(PickledArray { shape, number: number.clone(), place: place.clone() })
            }
            _ => return Err("it holds something else than arrays of numbers".to_owned()),
        };
        self.stack.push(built);
        Ok(())
    }
}

fn listed(values: Vec<PickleValue>) -> Result<PickleValue, String> {
    let array = |value| match value {
        PickleValue::Array(array) => Ok(array),
        _ => Err("it holds something else than arrays of numbers".to_owned()),
    };
    values.into_iter().map(array).collect::<Result<_, _>>().map(PickleValue::List)
}

fn cut() -> String {
    "it is cut short, or damaged".to_owned()
}

fn strange(code: u8) -> String {
    format!("it has the instruction {code:#04x}, which NumPy does not write")
}
