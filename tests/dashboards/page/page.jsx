// Draws a dashboard's JSON with the panel components of Grafana's npm packages, from results that were
// asked for beforehand: window.shown is { dashboard, results, notes, from, to, chosen }. State timelines are
// drawn here, because those packages have none.
import React from 'react';
import { createRoot } from 'react-dom/client';
import {
  FieldType,
  Registry,
  applyFieldOverrides,
  createTheme,
  dateTime,
  getFieldDisplayName,
  standardTransformers,
  standardTransformersRegistry,
  toDataFrame,
  transformDataFrame,
} from '@grafana/data';
import { BigValue, Table, ThemeContext, TimeSeries } from '@grafana/ui';

const { dashboard, results, notes, from, to, chosen } = window.shown;
const theme = createTheme({ colors: { mode: 'dark' } });
const range = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
const UNIT = 36;
const WIDTH = 1600;

standardTransformersRegistry.setInit(() =>
  [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer].map((one) => ({
    id: one.id,
    name: one.name,
    transformation: one,
  }))
);
const standard = ['unit', 'min', 'max', 'mappings', 'thresholds', 'noValue', 'links', 'color', 'displayName'];
const custom = [
  'align', 'cellOptions', 'drawStyle', 'fillOpacity', 'filterable', 'hideFrom', 'lineStyle', 'lineWidth',
  'scaleDistribution', 'showPoints', 'spanNulls', 'stacking', 'thresholdsStyle',
];
const registry = new Registry(() => [
  ...standard.map((id) => ({ id, path: id, name: id, process: (value) => value, shouldApply: () => true })),
  ...custom.map((id) => ({
    id: `custom.${id}`,
    path: id,
    name: id,
    isCustom: true,
    process: (value) => value,
    shouldApply: () => true,
  })),
]);

const legend = (target, labels) =>
  target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');

function seriesFrames(panel) {
  return panel.targets.flatMap((target, place) =>
    results[panel.id][place].map(([labels, points]) =>
      toDataFrame({
        refId: target.refId,
        fields: [
          { name: 'Time', type: FieldType.time, values: points.map(([at]) => at * 1000), config: {} },
          {
            name: 'Value',
            type: FieldType.number,
            labels,
            values: points.map(([, value]) => value),
            config: { displayNameFromDS: legend(target, labels) },
          },
        ],
      })
    )
  );
}

// As the data source makes a table of an instant query: a column for each label, and the value.
function tableFrames(panel) {
  return panel.targets.map((target, place) => {
    const rows = results[panel.id][place];
    const labels = [...new Set(rows.flatMap(([has]) => Object.keys(has)))].sort();
    const name = panel.targets.length > 1 ? `Value #${target.refId}` : 'Value';
    return toDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: rows.map(() => to), config: {} },
        ...labels.map((label) => ({
          name: label,
          type: FieldType.string,
          values: rows.map(([has]) => has[label] ?? ''),
          config: {},
        })),
        { name, type: FieldType.number, values: rows.map(([, points]) => points.at(-1)[1]), config: {} },
      ],
    });
  });
}

const overridden = (data, panel) =>
  applyFieldOverrides({
    data,
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: registry,
    replaceVariables: (text) => text,
    theme,
    timeZone: 'utc',
  });

function transformed(frames, panel) {
  let made = [];
  transformDataFrame(panel.transformations, frames).subscribe((value) => (made = value));
  return made;
}

const Empty = ({ panel }) => <div className="empty">{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;

function drawNotes(builder) {
  builder.addHook('draw', (plot) => {
    for (const { at, color } of notes) {
      const x = Math.round(plot.valToPos(at, 'x', true));
      if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) {
        continue;
      }
      plot.ctx.save();
      plot.ctx.strokeStyle = color;
      plot.ctx.setLineDash([5, 4]);
      plot.ctx.lineWidth = 1.5;
      plot.ctx.beginPath();
      plot.ctx.moveTo(x, plot.bbox.top);
      plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
      plot.ctx.stroke();
      plot.ctx.restore();
    }
  });
  return null;
}

function Lines({ panel, width, height }) {
  const frames = overridden(seriesFrames(panel), panel);
  if (frames.length === 0) {
    return <Empty panel={panel} />;
  }
  const { legend: legends } = panel.options;
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      timeRange={range}
      timeZone="utc"
      width={width}
      height={height}
      legend={{ ...legends, displayMode: 'list', calcs: [] }}
      options={panel.options}
    >
      {(builder) => drawNotes(builder)}
    </TimeSeries>
  );
}

function Cells({ panel, width, height }) {
  const [frame] = overridden(transformed(tableFrames(panel), panel), panel);
  if (!frame || frame.length === 0) {
    return <Empty panel={panel} />;
  }
  return <Table data={frame} width={width} height={height} noHeader={false} enablePagination={false} />;
}

function Stats({ panel, width, height }) {
  const frames = overridden(seriesFrames(panel), panel);
  if (frames.length === 0) {
    return <Empty panel={panel} />;
  }
  const each = Math.floor(width / frames.length) - 2;
  return (
    <div className="stats">
      {frames.map((frame, place) => {
        const field = frame.fields[1];
        const name = getFieldDisplayName(field, frame, frames);
        const value = { ...field.display(field.values.at(-1)), title: name };
        const mode = panel.options.textMode === 'auto' ? (frames.length > 1 ? 'value_and_name' : 'value') : panel.options.textMode;
        return (
          <BigValue key={place} value={value} theme={theme} width={each} height={height} colorMode="background_solid"
            graphMode="none" justifyMode="center" textMode={mode} />
        );
      })}
    </div>
  );
}

function Timeline({ panel, width, height }) {
  const frames = overridden(seriesFrames(panel), panel);
  if (frames.length === 0) {
    return <Empty panel={panel} />;
  }
  const most = Math.max(1, Math.floor((height - 4) / 16));
  const shown = frames.slice(0, most);
  const line = Math.min(40, (height - 4) / shown.length);
  const left = Math.min(width * 0.35, 210);
  const place = (at) => left + ((at - from) / (to - from)) * (width - left);
  return (
    <svg width={width} height={height}>
      {shown.map((frame, row) => {
        const [times, values] = [frame.fields[0].values, frame.fields[1].values];
        const step = Math.max(1000, ...times.slice(1, 3).map((at, n) => at - times[n]));
        const spans = [];
        times.forEach((at, n) => {
          const last = spans.at(-1);
          if (last && last.value === values[n] && at - last.end <= 2 * step) {
            last.end = at + step;
          } else {
            spans.push({ value: values[n], begin: at, end: at + step });
          }
        });
        return (
          <g key={row} transform={`translate(0 ${row * line})`}>
            <text x={left - 8} y={line / 2 + 4} textAnchor="end" className="name">
              {getFieldDisplayName(frame.fields[1], frame, frames)}
            </text>
            {spans.map((span, n) => {
              const [x, end] = [place(span.begin), Math.min(width, place(span.end))];
              const look = frame.fields[1].display(span.value);
              return (
                <g key={n}>
                  <rect x={x} y={2} width={Math.max(1, end - x)} height={line - 4} fill={look.color} opacity="0.8" />
                  {end - x > 60 && line > 13 && (
                    <text x={(x + end) / 2} y={line / 2 + 4} textAnchor="middle" className="state">
                      {look.text}
                      {look.suffix ?? ''}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
        );
      })}
      {notes.map((note, n) => (
        <line key={n} x1={place(note.at)} x2={place(note.at)} y1={0} y2={height} stroke={note.color} strokeDasharray="5 4" />
      ))}
    </svg>
  );
}

const kinds = { timeseries: Lines, table: Cells, stat: Stats, 'state-timeline': Timeline, 'status-history': Timeline };

function Panel({ panel }) {
  const { x, y, w, h } = panel.gridPos;
  const box = { left: (x * WIDTH) / 24 + 4, top: y * UNIT + 50, width: (w * WIDTH) / 24 - 8, height: h * UNIT - 8 };
  const Kind = kinds[panel.type];
  return (
    <div className="panel" style={box}>
      <div className="title">{panel.title}</div>
      <Kind panel={panel} width={box.width - 16} height={box.height - 36} />
    </div>
  );
}

const Row = ({ row }) => (
  <div className="row" style={{ top: row.gridPos.y * UNIT + 50 }}>
    {row.collapsed ? '›' : '⌄'} {row.title.replace('$server', chosen.server)}
  </div>
);

createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <div className="bar">
      <b>{dashboard.title}</b>
      {Object.entries(chosen).map(([name, value]) => (
        <span key={name}>
          {name} <i>{value}</i>
        </span>
      ))}
      {[...new Map(notes.map((note) => [note.name, note.color]))].map(([name, color]) => (
        <span key={name} style={{ color }}>
          ┆ {name}
        </span>
      ))}
    </div>
    {dashboard.panels.map((panel) =>
      panel.type === 'row' ? <Row key={panel.id} row={panel} /> : <Panel key={panel.id} panel={panel} />
    )}
  </ThemeContext.Provider>
);
