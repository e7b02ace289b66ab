import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast } from './contrast.ts';
import { serviceColors } from './service-colors.ts';
import { colorDifference, visions } from './color-difference.ts';
import { contrastTheme, darkTheme, lightTheme } from './theme.ts';

const themes = [darkTheme, lightTheme, contrastTheme];

const names = Array.from({ length: 24 }, (_, index) => `service-${index}`);

test('24 services have 24 colours, all at least 3:1 on every theme', () => {
  for (const theme of themes) {
    const colors = serviceColors(names, theme.name);
    assert.equal(new Set(colors.values()).size, 24);
    for (const [service, color] of colors) {
      for (const behind of [theme.background, theme.surface, theme.surfaceHover, theme.selected]) {
        const ratio = contrast(color, behind);
        assert.ok(ratio >= 3, `${theme.name}: ${service} ${color} on ${behind} is ${ratio.toFixed(2)}`);
      }
    }
  }
});

test('any two of 24 services differ for every kind of eye', () => {
  for (const theme of themes) {
    const colors = [...serviceColors(names, theme.name).values()];
    for (const vision of visions) {
      for (let i = 0; i < colors.length; i++) {
        for (let j = 0; j < i; j++) {
          const difference = colorDifference(colors[i], colors[j], vision);
          assert.ok(
            difference >= 15,
            `${theme.name}, ${vision}: ${colors[i]} and ${colors[j]} differ by ${difference.toFixed(1)}`
          );
        }
      }
    }
  }
});

test('a service stands out from errors', () => {
  for (const theme of themes) {
    for (const color of serviceColors(names, theme.name).values()) {
      assert.ok(colorDifference(color, theme.error, 'normal') >= 20, `${theme.name}: ${color}`);
    }
  }
});

test('the order in which services are seen does not matter', () => {
  assert.deepEqual(serviceColors([...names].reverse(), 'dark'), serviceColors(names, 'dark'));
});

test('a service keeps its colour when others join, unless they clash', () => {
  const alone = serviceColors(['checkout'], 'dark').get('checkout');
  const among = serviceColors(['checkout', 'zebra'], 'dark').get('checkout');
  assert.equal(among, alone);
});

test('no service is red', () => {
  for (const theme of themes) {
    for (const color of serviceColors(names, theme.name).values()) {
      const [red, green, blue] = [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
      assert.ok(!(red > 1.6 * green && red > 1.6 * blue), `${color} is red`);
    }
  }
});

test('more services than hues still all get a colour', () => {
  const many = Array.from({ length: 100 }, (_, index) => `svc${index}`);
  assert.equal(serviceColors(many, 'light').size, 100);
});

test('text is at least 4.5:1 wherever it stands', () => {
  for (const theme of themes) {
    for (const behind of [theme.background, theme.surface, theme.surfaceHover, theme.selected]) {
      for (const text of [theme.text, theme.textMuted, theme.accent, theme.error, theme.warning]) {
        assert.ok(
          contrast(text, behind) >= 4.5,
          `${theme.name}: ${text} on ${behind} is ${contrast(text, behind).toFixed(2)}`
        );
      }
    }
    assert.ok(contrast(theme.error, theme.errorSurface) >= 4.5);
    assert.ok(contrast(theme.warning, theme.warningSurface) >= 4.5);
    assert.ok(contrast(theme.onAccent, theme.accent) >= 4.5);
  }
});

test('high contrast means 7:1 for text and 4.5:1 for lines', () => {
  const { background, surfaceHover, line, text, textMuted, accent, error, warning, focus } = contrastTheme;
  for (const behind of [background, surfaceHover]) {
    for (const color of [text, textMuted, accent, error, warning, focus]) {
      assert.ok(contrast(color, behind) >= 7, `${color} on ${behind} is ${contrast(color, behind).toFixed(2)}`);
    }
    assert.ok(contrast(line, behind) >= 4.5);
  }
});
