import ExcelJS from "exceljs";

export default async () => {
  const book = new ExcelJS.Workbook();
  const sheet = book.addWorksheet("Stock");
  sheet.columns = [
    { header: "Part", key: "part", width: 12 },
    { header: "Count", key: "count" },
  ];
  sheet.addRow({ part: "bolt", count: 12 });
  sheet.addRow({ part: "nut", count: 30 });
  sheet.getCell("B4").value = { formula: "SUM(B2:B3)", result: 42 };
  const bytes = await book.xlsx.writeBuffer();
  const again = new ExcelJS.Workbook();
  await again.xlsx.load(bytes);
  return again.getWorksheet("Stock")?.getSheetValues();
};
